/// A drawing, built element by element; coordinates are written with at most two decimals so that equal data give
/// equal bytes.
struct SVG {
  private var body = ""
  let width: Double
  let height: Double

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class name: String) {
    body += "<line x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\" class=\"\(name)\"/>\n"
  }

  mutating func circle(_ x: Double, _ y: Double, _ radius: Double, class name: String) {
    body += "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\" class=\"\(name)\"/>\n"
  }

  /// A diamond or a square, for series that must not be told apart by colour alone.
  mutating func diamond(_ x: Double, _ y: Double, _ radius: Double, class name: String) {
    let points = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
    body += "<polygon points=\"\(points.map { "\(n($0.0)),\(n($0.1))" }.joined(separator: " "))\" class=\"\(name)\"/>\n"
  }

  mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, class name: String) {
    body += "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" height=\"\(n(height))\" class=\"\(name)\"/>\n"
  }

  mutating func text(_ text: String, _ x: Double, _ y: Double, anchor: String = "start", class name: String = "label") {
    body +=
      "<text x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor)\" class=\"\(name)\">\(HTML.escape(text))</text>\n"
  }

  /// The element, readable by a screen reader as one picture with a title and a description.
  func element(id: String, title: String, description: String) -> String {
    """
    <svg role="img" viewBox="0 0 \(n(width)) \(n(height))" aria-labelledby="\(id)-t \(id)-d">
    <title id="\(id)-t">\(HTML.escape(title))</title><desc id="\(id)-d">\(HTML.escape(description))</desc>
    \(body)</svg>
    """
  }

  private func n(_ value: Double) -> String {
    let text = Digits.fixed(value, 2)
    return text.hasSuffix(".00") ? String(text.dropLast(3)) : text
  }
}
