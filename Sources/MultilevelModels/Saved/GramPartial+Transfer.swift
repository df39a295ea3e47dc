import Columnar
import ModelFormula
import Streaming

/// Bringing what was gathered under one profile to another.
extension GramPartial {
  /// The same groups by the codes of a fit whose levels hold those of this one.
  func recoded(for other: GramFit) -> GramPartial {
    let maps = zip(fit.frame.groups, other.frame.groups).map { own, new in
      own.levels.names.map { new.levels.code(of: $0) ?? -1 }
    }
    let columns = zip(cells.codesByColumn(), maps).map { codes, map in codes.map { map[Int($0)] } }
    var index = CellIndex(columnCount: columns.count)
    // Distinct combinations stay distinct, so every cell keeps its number.
    for cell in 0..<cells.count { _ = index.insert { columns[$0][cell] } }
    return replacing(fit: other, cells: index, grams: grams)
  }

  /// The same cross-products of columns shifted and scaled as another fit has them: x' = αx + β with
  /// α = s/s', β = (m − m')/s'.
  func rescaled(from own: GramFit, for other: GramFit) -> GramPartial {
    let pairs = zip(own.scales, other.scales)
    let slopes = pairs.map { $0.scale / $1.scale }
    let shifts = pairs.map { ($0.shift - $1.shift) / $1.scale }
    let intercept = own.frame.columns.firstIndex(where: \.isIntercept)
    let count = own.frame.columns.count
    let size = packedCount(count)
    var rescaled = grams
    for start in stride(from: 0, to: grams.count, by: size) {
      let old = { (i: Int, j: Int) in grams[start + packed(max(i, j), min(i, j))] }
      for i in 0..<count {
        for j in 0...i {
          var value = slopes[i] * slopes[j] * old(i, j)
          if let intercept, shifts[i] != 0 || shifts[j] != 0 {
            value += shifts[j] * slopes[i] * old(i, intercept) + shifts[i] * slopes[j] * old(intercept, j)
            value += shifts[i] * shifts[j] * old(intercept, intercept)
          }
          rescaled[start + packed(i, j)] = value
        }
      }
    }
    return replacing(fit: own, cells: cells, grams: rescaled)
  }
}
