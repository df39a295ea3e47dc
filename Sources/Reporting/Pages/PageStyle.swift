/// How a report looks: system fonts, figures of one width, the Okabe-Ito colours, a print sheet and a dark scheme.
enum PageStyle {
  static let css = """

    :root { --ink: #1b1b1b; --soft: #5a5a5a; --rule: #d5d5d5; --paper: #ffffff; --tint: #f4f6f8; --warn: #fff4df;
      --s0: #0072b2; --s1: #b84a00; --s2: #007a5a; --s3: #9c4f7c; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --soft: #b0b0b0; --rule: #454545; --paper: #181a1b;
      --tint: #22262a; --warn: #3b3118; --s0: #56b4e9; --s1: #e69f00; --s2: #2fc79a; --s3: #e0a0c8; } }
    body { margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
    main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
    h1 { font-size: 1.8rem; line-height: 1.2; } h2 { font-size: 1.3rem; margin-top: 2.5rem;
      border-bottom: 1px solid var(--rule); padding-bottom: .2rem; }
    nav ol { columns: 2; padding-left: 1.2rem; } a { color: var(--s0); }
    .skip { position: absolute; left: -999px; } .skip:focus { left: 1rem; top: 1rem; }
    .warning { background: var(--warn); padding: .6rem .9rem; border-left: 4px solid var(--s1); }
    .scroll { overflow-x: auto; } table { border-collapse: collapse; margin: 1rem 0; font-size: .92rem;
      font-variant-numeric: tabular-nums; }
    caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
    th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid var(--rule); white-space: nowrap; }
    thead th { border-bottom: 2px solid var(--ink); } tbody th { font-weight: normal; white-space: normal; min-width: 12rem; } .n { text-align: right; }
    figure { margin: 1.5rem 0; } figcaption { color: var(--soft); font-size: .92rem; }
    svg { width: 100%; height: auto; max-width: 46rem; } svg text { fill: var(--ink); font-size: 12px; }
    svg .tick { fill: var(--soft); font-size: 11px; } svg .axis { fill: var(--soft); }
    svg .grid { stroke: var(--rule); } svg .zero { stroke: var(--soft); }
    svg .s0 { stroke: var(--s0); fill: var(--s0); } svg .s1 { stroke: var(--s1); fill: var(--s1); }
    svg .s2 { stroke: var(--s2); fill: var(--s2); } svg .s3 { stroke: var(--s3); fill: var(--s3); }
    svg line { stroke-width: 2; } svg .grid, svg .zero { stroke-width: 1; }
    details { margin: 1rem 0; } summary { cursor: pointer; } pre { background: var(--tint); padding: .8rem;
      overflow-x: auto; font-size: .85rem; }
    @media print { nav, .skip { display: none; } main { max-width: none; } section { break-inside: avoid; } }

    """
}
