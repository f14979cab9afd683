// What Grafana shows of panels: reads {theme, panels: [{panel, frames}]} as JSON and writes, for each, the
// display values that its panels draw. `frames` is a list of lists: a series of numbers, null or "NaN".
// Formats of dates ask the browser for its language as they load; Node has it from version 21 on.
globalThis.navigator ??= { language: "en-US", languages: ["en-US"] };

const {
  applyFieldOverrides,
  createTheme,
  FieldType,
  getFieldDisplayValues,
  identityOverrideProcessor,
  Registry,
  toDataFrame,
} = require("@grafana/data");
const { registryOf } = require("../../../labs/boards/registry.cjs");

const STEP_MS = 15000;
const NOW_MS = 1700000000000;
// These panels reduce a series to one value; the others show each value of a field by itself.
const REDUCED = new Set(["stat", "gauge", "bargauge", "piechart"]);

function frameOf(series, name) {
  const values = series.map((value) => (value === "NaN" ? NaN : value));
  const times = values.map((_, index) => NOW_MS - (values.length - 1 - index) * STEP_MS);
  const config = name ? { displayNameFromDS: name } : {};
  return toDataFrame({
    fields: [
      { name: "Time", type: FieldType.time, values: times },
      { name: "Value", type: FieldType.number, values, config },
    ],
  });
}

function shown({ panel, frames, names = [] }, theme) {
  const { fieldConfig } = panel;
  const replaceVariables = (text) => text;
  const data = applyFieldOverrides({
    data: frames.map((series, index) => frameOf(series, names[index])),
    fieldConfig,
    fieldConfigRegistry: registryOf(fieldConfig, { Registry, identityOverrideProcessor }),
    replaceVariables,
    theme,
    timeZone: "utc",
  });
  const drawn = REDUCED.has(panel.type)
    ? getFieldDisplayValues({
        data,
        fieldConfig,
        reduceOptions: panel.options.reduceOptions,
        replaceVariables,
        theme,
        timeZone: "utc",
      }).map((one) => one.display)
    : data.map((frame) => frame.fields[1].display(frame.fields[1].values.at(-1) ?? null));
  return drawn.map(({ text, prefix = "", suffix = "", color, title }) => ({
    text: `${prefix}${text}${suffix}`,
    color,
    title,
  }));
}

const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answers = {};
for (const mode of ["dark", "light"]) {
  const theme = createTheme({ colors: { mode } });
  answers[mode] = {
    named: Object.fromEntries(
      asked.colors.map((name) => [name, theme.visualization.getColorByName(name)]),
    ),
    background: theme.colors.background.primary,
    panels: asked.panels.map((one) => shown(one, theme)),
  };
}
process.stdout.write(JSON.stringify(answers));
