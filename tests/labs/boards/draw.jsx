// Draws a board with Grafana's own panels: `window.draw({board, from, to, series}, mode, width)`. `series` has,
// by panel id, a list of {name, times, values}: times in ms since 1970, values numbers, null or "NaN".
import {
  applyFieldOverrides,
  createTheme,
  dateTime,
  FieldType,
  getFieldDisplayValues,
  identityOverrideProcessor,
  Registry,
  ThemeContext,
  toDataFrame,
} from "@grafana/data";
import { BigValue, GlobalStyles, PanelChrome, TimeSeries, VizRepeater } from "@grafana/ui";
import { createRoot } from "react-dom/client";
import { registryOf } from "./registry.cjs";

// Grafana's grid (public/app/core/constants.ts: GRID_CELL_HEIGHT, GRID_CELL_VMARGIN).
const CELL = 38;
const GAP = 8;
const HEAD = 40;
// What the panel's own plugin fills in where a board is silent.
const LINES = { drawStyle: "line", lineWidth: 1, showPoints: "never", axisPlacement: "auto" };
const asWritten = (text) => text;

function frameOf({ name, times, values }, isGraph) {
  // The panel of graphs draws what is not finite as a gap (prepareGraphableFields).
  const odd = isGraph ? null : NaN;
  return toDataFrame({
    fields: [
      { name: "Time", type: FieldType.time, values: times },
      {
        name: "Value",
        type: FieldType.number,
        values: values.map((value) => (value === "NaN" ? odd : value)),
        config: { displayNameFromDS: name },
      },
    ],
  });
}

function Numbers({ panel, fieldConfig, data, theme, width, height }) {
  const shown = getFieldDisplayValues({
    data,
    fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: asWritten,
    theme,
    timeZone: "utc",
  });
  return (
    <VizRepeater
      getValues={() => shown}
      source={data}
      width={width}
      height={height}
      itemSpacing={3}
      minVizWidth={0}
      minVizHeight={0}
      autoGrid
      orientation="auto"
      renderCounter={0}
      renderValue={({ value, width, height, count }) => (
        <BigValue
          value={value.display}
          count={count}
          width={width}
          height={height}
          theme={theme}
          colorMode={panel.options.colorMode}
          graphMode={panel.options.graphMode}
          textMode={panel.options.textMode}
          justifyMode="auto"
        />
      )}
    />
  );
}

function Panel({ panel, series, range, theme, width, height }) {
  const isGraph = panel.type === "timeseries";
  const custom = isGraph ? { ...LINES, ...panel.fieldConfig.defaults.custom } : {};
  const fieldConfig = {
    ...panel.fieldConfig,
    defaults: { ...panel.fieldConfig.defaults, custom },
  };
  const data = applyFieldOverrides({
    data: series.map((one) => frameOf(one, isGraph)),
    fieldConfig,
    fieldConfigRegistry: registryOf(fieldConfig, { Registry, identityOverrideProcessor }),
    replaceVariables: asWritten,
    theme,
    timeZone: "utc",
  });
  return (
    <PanelChrome
      title={panel.title}
      description={panel.description}
      width={width}
      height={height}
      padding="none"
    >
      {(width, height) => {
        if (!isGraph) {
          const all = { panel, fieldConfig, data, theme, width, height };
          return <Numbers {...all} />;
        }
        if (!data.length) {
          return <p style={{ padding: 16 }}>{fieldConfig.defaults.noValue}</p>;
        }
        return (
          <TimeSeries
            frames={data}
            structureRev={1}
            width={width}
            height={height}
            timeRange={range}
            timeZone="utc"
            legend={{ ...panel.options.legend, showLegend: true }}
            options={{}}
          />
        );
      }}
    </PanelChrome>
  );
}

function Board({ asked, theme, width }) {
  const [from, to] = [dateTime(asked.from), dateTime(asked.to)];
  const range = { from, to, raw: { from, to } };
  const column = (width - GAP) / 24;
  const { panels, title, description } = asked.board;
  const bottom = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  return (
    <div id="board" style={{ position: "relative", height: bottom * CELL + HEAD + GAP }}>
      <div style={{ padding: `10px ${GAP}px` }}>
        <strong style={{ fontWeight: 600 }}>{title}</strong> {description}
      </div>
      {panels.map((panel) => {
        const { x, y, w, h } = panel.gridPos;
        const size = { width: w * column - GAP, height: h * CELL - GAP };
        const place = { position: "absolute", left: GAP + x * column, top: HEAD + y * CELL };
        return (
          <div key={panel.id} style={{ ...place, ...size }}>
            {panel.type === "row" ? (
              <strong style={{ fontWeight: 600, lineHeight: `${size.height}px` }}>{panel.title}</strong>
            ) : (
              <Panel
                panel={panel}
                series={asked.series[panel.id]}
                range={range}
                theme={theme}
                {...size}
              />
            )}
          </div>
        );
      })}
    </div>
  );
}

window.draw = (asked, mode, width) => {
  const theme = createTheme({ colors: { mode } });
  document.body.style.margin = 0;
  createRoot(document.getElementById("root")).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Board asked={asked} theme={theme} width={width} />
    </ThemeContext.Provider>,
  );
};
