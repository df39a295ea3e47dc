/// How numbers are written as text.
public enum NumberText {
  /// The shortest text that reads back as the same number; whole numbers without a fraction, NaN as nothing.
  public static func shortest(_ value: Double) -> String {
    if value.isNaN { return "" }
    if value == value.rounded(.towardZero), value.magnitude < 0x1p54 {
      return value == 0 ? "0" : "\(Int64(value))"
    }
    return "\(value)"
  }

  public static func shortest(_ value: Float) -> String {
    value == value.rounded(.towardZero) ? shortest(Double(value)) : value.isNaN ? "" : "\(value)"
  }

  /// The number that a text is, or nil; NaN is no number.
  public static func number(_ text: String) -> Double? {
    Double(text).flatMap { $0.isNaN ? nil : $0 }
  }
}
