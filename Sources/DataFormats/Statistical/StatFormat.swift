import CReadStat
import Columnar

/// The formats of statistical programs that ReadStat reads.
enum StatFormat: Sendable {
  case sav, por, dta, sas7bdat, xpt

  var program: String {
    switch self {
    case .sav, .por: "SPSS"
    case .dta: "Stata"
    case .sas7bdat, .xpt: "SAS"
    }
  }

  /// Whether numbers may be missing by one of the letters.
  var hasLetters: Bool { self != .sav && self != .por }

  func parse(_ parser: UnsafeMutablePointer<readstat_parser_t>, _ context: UnsafeMutableRawPointer) -> readstat_error_t
  {
    switch self {
    case .sav: readstat_parse_sav(parser, "", context)
    case .por: readstat_parse_por(parser, "", context)
    case .dta: readstat_parse_dta(parser, "", context)
    case .sas7bdat: readstat_parse_sas7bdat(parser, "", context)
    case .xpt: readstat_parse_xport(parser, "", context)
    }
  }
}
