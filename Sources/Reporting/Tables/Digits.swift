import Foundation

/// Numbers for readers rather than for programs.
public enum Digits {
  /// A number to so many significant digits, without an exponent where that is readable.
  public static func significant(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "-" }
    if value == 0 { return "0" }
    let magnitude = Int(log10(value.magnitude).rounded(.down))
    if magnitude >= 12 || magnitude < -5 { return String(format: "%.\(digits - 1)e", value) }
    var text = String(format: "%.\(max(0, digits - 1 - magnitude))f", value)
    if text.contains(".") {
      while text.last == "0" { text.removeLast() }
      if text.last == "." { text.removeLast() }
    }
    return text
  }

  /// A number to so many decimals; a true minus sign is left to the page.
  public static func fixed(_ value: Double, _ decimals: Int) -> String {
    value.isFinite ? String(format: "%.\(decimals)f", value) : "-"
  }
}
