// Which options of fields a panel's JSON has, as Grafana's library asks for them: the panels' own are in
// @grafana/ui and in plugins, and that they are taken over as they are written is all that matters here.
// `library` is the @grafana/data of whoever asks: one that is bundled is another than one that is required.
exports.registryOf = ({ defaults, overrides }, library) => {
  const { custom = {}, ...standard } = defaults;
  const ids = new Set([
    ...Object.keys(standard),
    ...Object.keys(custom).map((name) => `custom.${name}`),
    ...overrides.flatMap((one) => one.properties.map((property) => property.id)),
  ]);
  return new library.Registry(() =>
    [...ids].map((id) => ({
      id,
      name: id,
      path: id.replace(/^custom\./, ""),
      isCustom: id.startsWith("custom."),
      process: library.identityOverrideProcessor,
      shouldApply: () => true,
      settings: {},
    })),
  );
};
