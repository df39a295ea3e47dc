/// How numbers are written as text.
public enum NumberText {
  /// The shortest text that reads back as the same number; whole numbers without a fraction, NaN as nothing.
  public static func shortest(_ value: Double) -> String {
    if value.isNaN { return "" }
    if value == value.rounded(.towardZero), value.magnitude < 1e15 {
      return value == 0 ? "0" : "\(Int64(value))"
    }
    return "\(value)"
  }
}
