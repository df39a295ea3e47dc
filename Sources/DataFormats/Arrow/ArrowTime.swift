import Columnar

/// Days and times of an Arrow column, which are delivered as text in ISO 8601.
enum ArrowTime: Equatable {
  case date
  /// A time of day, in so many parts of a second.
  case time(perSecond: Int64)
  /// An instant, in so many parts of a second since 1970, with or without a time zone.
  case timestamp(perSecond: Int64, isUTC: Bool)

  static let units: [Int64] = [1, 1000, 1_000_000, 1_000_000_000]

  /// The text of a count of days (a date) or parts of a second (the others).
  func text(_ value: Int64) -> String {
    switch self {
    case .date: return Self.date(value)
    case .time(let unit): return Self.time(value, unit)
    case .timestamp(let unit, let isUTC):
      let day = 86_400 * unit
      let (days, rest) = (value / day - (value % day < 0 ? 1 : 0), (value % day + day) % day)
      return Self.date(days) + "T" + Self.time(rest, unit) + (isUTC ? "Z" : "")
    }
  }

  private static func padded(_ value: Int64, _ digits: Int) -> String {
    let text = String(value.magnitude)
    return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  private static func time(_ value: Int64, _ unit: Int64) -> String {
    let seconds = value / unit
    var text = padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2)
    if value % unit != 0 { text += "." + padded((value % unit).magnitude.asInt64, String(unit).count - 1) }
    return text
  }

  /// Year, month and day of a count of days since 1970 in the Gregorian calendar, by eras of 400 years.
  private static func date(_ days: Int64) -> String {
    // Counted from 0000-03-01, so that the leap day ends a year.
    let shifted = days.addingReportingOverflow(719_468).partialValue
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let day = shifted - era * 146_097
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let calendarMonth = month < 10 ? month + 3 : month - 9
    return padded(year + era * 400 + (calendarMonth <= 2 ? 1 : 0), 4) + "-" + padded(calendarMonth, 2) + "-"
      + padded(dayOfYear - (153 * month + 2) / 5 + 1, 2)
  }
}

extension UInt64 {
  fileprivate var asInt64: Int64 { Int64(clamping: self) }
}
