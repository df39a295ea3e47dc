/// Estimates as dots with their confidence intervals, one line a row: the picture for comparing countries or groups.
public struct IntervalPlot: Sendable {
  public struct Row: Sendable {
    public var label: String
    /// Which series the dot belongs to; the series differ in shape and colour.
    public var series: Int
    public var estimate: Double?
    public var low: Double?
    public var high: Double?

    public init(label: String, series: Int = 0, estimate: Double?, low: Double?, high: Double?) {
      self.label = label
      self.series = series
      self.estimate = estimate
      self.low = low
      self.high = high
    }
  }

  public var title: String
  public var axis: String
  public var series: [String]
  public var rows: [Row]

  public init(title: String, axis: String, series: [String] = [], rows: [Row]) {
    self.title = title
    self.axis = axis
    self.series = series
    self.rows = rows
  }

  private static let width = 720.0
  private static let rowHeight = 22.0

  /// Room for the longest label at about 7 units a character.
  private var labelWidth: Double { min(330, max(100, 7 * Double(rows.map(\.label.count).max() ?? 0))) }

  public func svg(id: String) -> String {
    let legend = series.count > 1 ? 26.0 : 0
    let top = 10 + legend
    let bottom = top + Double(rows.count) * IntervalPlot.rowHeight
    var svg = SVG(width: IntervalPlot.width, height: bottom + 44)
    let values = rows.flatMap { [$0.estimate, $0.low, $0.high].compactMap(\.self) }
    let scale = LinearScale(values: values, range: (labelWidth + 10)...(IntervalPlot.width - 20))
    for tick in scale.ticks {
      let x = scale.position(tick)
      svg.line(x, top, x, bottom, class: tick == 0 ? "zero" : "grid")
      svg.text(Digits.fixed(tick, scale.decimals), x, bottom + 16, anchor: "middle", class: "tick")
    }
    svg.text(axis, (labelWidth + IntervalPlot.width) / 2, bottom + 36, anchor: "middle", class: "axis")
    var key = labelWidth + 10
    if series.count > 1 {
      for (index, name) in series.enumerated() {
        mark(&svg, key + 5, 14, index)
        svg.text(name, key + 16, 18)
        key += 40 + 7 * Double(name.count)
      }
    }
    for (index, row) in rows.enumerated() {
      let y = top + (Double(index) + 0.5) * IntervalPlot.rowHeight
      svg.text(row.label, labelWidth, y + 4, anchor: "end")
      guard let estimate = row.estimate else {
        svg.text("withheld", labelWidth + 14, y + 4, class: "tick")
        continue
      }
      if let low = row.low, let high = row.high {
        svg.line(scale.position(low), y, scale.position(high), y, class: "s\(row.series % 4)")
      }
      mark(&svg, scale.position(estimate), y, row.series)
    }
    return svg.element(id: id, title: title, description: description)
  }

  private func mark(_ svg: inout SVG, _ x: Double, _ y: Double, _ series: Int) {
    if series % 2 == 0 {
      svg.circle(x, y, 4.5, class: "s\(series % 4)")
    } else {
      svg.diamond(x, y, 5.5, class: "s\(series % 4)")
    }
  }

  private var description: String {
    let shown = rows.filter { $0.estimate != nil }
    guard let lowest = shown.min(by: { ($0.estimate ?? 0) < ($1.estimate ?? 0) }),
      let highest = shown.max(by: { ($0.estimate ?? 0) < ($1.estimate ?? 0) })
    else { return "No estimates to show." }
    return "\(shown.count) estimates with their intervals, from \(Digits.significant(lowest.estimate ?? 0, 3)) "
      + "(\(lowest.label)) to \(Digits.significant(highest.estimate ?? 0, 3)) (\(highest.label)). "
      + "The table beside the figure holds all values."
  }
}
