/// Counts in bins of a scale as bars, side by side: the picture of a distribution.
public struct BarPlot: Sendable {
  public struct Bar: Sendable {
    /// Where the bar begins on the scale.
    public var label: String
    public var value: Double

    public init(label: String, value: Double) {
      self.label = label
      self.value = value
    }
  }

  public var title: String
  public var axis: String
  public var bars: [Bar]
  /// Where the last bar ends.
  public var end: String

  public init(title: String, axis: String, bars: [Bar], end: String) {
    self.title = title
    self.axis = axis
    self.bars = bars
    self.end = end
  }

  public func svg(id: String) -> String {
    let (width, top, bottom) = (720.0, 10.0, 150.0)
    var svg = SVG(width: width, height: bottom + 44)
    let room = (width - 60) / Double(max(bars.count, 1))
    let highest = bars.map(\.value).max() ?? 0
    for (index, bar) in bars.enumerated() {
      let x = 30 + Double(index) * room
      let height = highest > 0 ? bar.value / highest * (bottom - top) : 0
      svg.rectangle(x + 1, bottom - height, room - 2, height, class: "s0")
      svg.text(bar.label, x, bottom + 16, anchor: "middle", class: "tick")
    }
    svg.text(end, 30 + Double(bars.count) * room, bottom + 16, anchor: "middle", class: "tick")
    svg.line(30, bottom, width - 30, bottom, class: "zero")
    svg.text(axis, width / 2, bottom + 36, anchor: "middle", class: "axis")
    return svg.element(id: id, title: title, description: description)
  }

  private var description: String {
    guard let fullest = bars.max(by: { $0.value < $1.value }), let first = bars.first else { return "Nothing to show." }
    return "\(bars.count) bars from \(first.label) to \(end); the highest begins at \(fullest.label)."
  }
}
