import Streaming

/// The sampling units of a design in the order of their ids, whatever the order of the rows.
///
/// A list holds the units of one stage that were drawn together: those of a stratum, later those of a parent unit.
struct OrderedUnits {
  struct List {
    let number: Int
    /// In order.
    let units: [Int]
    /// Of each unit, the place of its id among the levels of its column, or its row.
    let codes: [Int]
  }

  let frame: DesignFrame
  /// By stage.
  let lists: [[List]]

  /// - Precondition: the tree numbers its units, also where these are the rows.
  init(_ tree: UnitTree, _ frame: DesignFrame) {
    self.frame = frame
    var order = tree.stages[0].keys.indices.sorted { tree.stages[0].keys[$0] < tree.stages[0].keys[$1] }
    var lists: [[List]] = []
    for stage in tree.stages.dropFirst() {
      var units = [[Int]](repeating: [], count: order.count)
      for (unit, key) in stage.keys.enumerated() { units[KeyIndex.parts(key).first].append(unit) }
      for list in units.indices {
        units[list].sort { KeyIndex.parts(stage.keys[$0]).second < KeyIndex.parts(stage.keys[$1]).second }
      }
      lists.append(
        order.map { list in
          List(number: list, units: units[list], codes: units[list].map { KeyIndex.parts(stage.keys[$0]).second })
        })
      order = order.flatMap { units[$0] }
    }
    self.lists = lists
  }

  /// The strata, each with its PSUs.
  var strata: [List] { lists[0] }

  var psuCount: Int { frame.parents[0].count }

  /// The share of the population a list's sample is; zero without an FPC.
  func fraction(_ list: List, stage: Int = 0) -> Double {
    min(1, Double(list.units.count) / frame.population[stage][list.number])
  }
}
