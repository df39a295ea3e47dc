import Foundation

/// Small multiples of seconds against size, both on a logarithmic scale, one panel an axis.
struct ScalingPicture {
  private let series: [Scaling.Series]
  private let panelWidth = 400.0
  private let panelHeight = 260.0
  private let margin = 50.0
  /// Okabe and Ito's colours that keep 3:1 on white, and dashes beside them, so that colour is never alone.
  private static let strokes = [
    ("#0072B2", ""), ("#D55E00", "6 3"), ("#007A5A", "2 3"), ("#A24A82", "8 3 2 3"), ("#000000", "1 4"),
  ]

  init(_ series: [Scaling.Series]) { self.series = series }

  var svg: String {
    var axes: [String] = []
    for one in series where !axes.contains(one.axis) { axes.append(one.axis) }
    let (width, height) = (2 * panelWidth, Double((axes.count + 1) / 2) * panelHeight)
    let body = axes.enumerated().map { index, axis in
      let (x, y) = (Double(index % 2) * panelWidth, Double(index / 2) * panelHeight)
      return "<g transform=\"translate(\(number(x)) \(number(y)))\">\n\(panel(axis))</g>\n"
    }
    let slopes = series.map { "\($0.task) by \($0.axis): slope \(number($0.slope))" }.joined(separator: "; ")
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" role="img" \
      aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="11">
      <title id="title">Seconds against rows, schools, indicators, replicates and threads</title>
      <desc id="description">\(slopes)</desc>
      <rect width="100%" height="100%" fill="white"/>
      \(body.joined())</svg>

      """
  }

  private func panel(_ axis: String) -> String {
    let own = series.filter { $0.axis == axis }
    let points = own.flatMap(\.points)
    let x = Scale(points.map(\.size), from: margin, to: panelWidth - 130)
    let y = Scale(points.map(\.seconds), from: panelHeight - 40, to: 24)
    var text = "<text x=\"\(number(margin))\" y=\"15\" font-weight=\"bold\">\(axis)</text>\n"
    for tick in x.ticks {
      text +=
        "<text x=\"\(number(x(tick)))\" y=\"\(number(panelHeight - 22))\" text-anchor=\"middle\">\(label(tick))</text>\n"
      text += line(x(tick), 24, x(tick), panelHeight - 40)
    }
    for tick in y.ticks {
      text +=
        "<text x=\"\(number(margin - 5))\" y=\"\(number(y(tick) + 4))\" text-anchor=\"end\">\(label(tick)) s</text>\n"
      text += line(margin, y(tick), panelWidth - 130, y(tick))
    }
    for (index, one) in own.enumerated() {
      let (colour, dash) = Self.strokes[index % Self.strokes.count]
      let path = one.points.map { "\(number(x($0.size))),\(number(y($0.seconds)))" }.joined(separator: " ")
      text +=
        "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\" stroke-dasharray=\"\(dash)\"/>\n"
      if let last = one.points.last {
        text +=
          "<text x=\"\(number(x(last.size) + 4))\" y=\"\(number(y(last.seconds) + 4))\" fill=\"\(colour)\">\(one.task) \(number(one.slope))</text>\n"
      }
    }
    return text
  }

  private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
    "<path d=\"M\(number(x1)) \(number(y1))L\(number(x2)) \(number(y2))\" stroke=\"#ddd\"/>\n"
  }

  private func number(_ value: Double) -> String { String(format: "%.2f", value) }
  private func label(_ value: Double) -> String { String(format: value < 1 ? "%.2g" : "%g", value) }

  /// Positions on a logarithmic scale.
  private struct Scale {
    let low, high, start, end: Double

    init(_ values: [Double], from start: Double, to end: Double) {
      low = log10(values.min() ?? 1)
      high = max(log10(values.max() ?? 10), low + 0.3)
      (self.start, self.end) = (start, end)
    }

    func callAsFunction(_ value: Double) -> Double { start + (log10(value) - low) / (high - low) * (end - start) }

    var ticks: [Double] {
      let powers = stride(from: low.rounded(.up), through: high, by: 1).map { pow(10, $0) }
      return powers.count >= 2 ? powers : [pow(10, low), pow(10, high)]
    }
  }
}
