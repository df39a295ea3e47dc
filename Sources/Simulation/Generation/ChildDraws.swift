import Probability

/// The random streams of the children, one stream a purpose, addressed by row.
///
/// Every variable has streams of its own, so that it has the same value whether or not others are asked for.
struct ChildDraws: Sendable {
  let migrant: RandomStreams
  let female: RandomStreams
  let age: RandomStreams
  let escs: RandomStreams
  let form: RandomStreams
  let ability: RandomStreams
  let plausible: [RandomStreams]
  let general: RandomStreams
  let traits: [RandomStreams]
  let items: [[RandomStreams]]

  init(seed: UInt64, scales: [Scale]) {
    func streams(_ purpose: String) -> RandomStreams { RandomStreams(seed: seed, purpose: purpose) }
    migrant = streams("migrant")
    female = streams("female")
    age = streams("age")
    escs = streams("escs")
    form = streams("form")
    ability = streams("ability")
    plausible = (0..<PlausibleValues.count).map { streams("plausible value \($0 + 1)") }
    general = streams("general")
    traits = scales.map { streams("trait \($0.prefix)") }
    items = scales.map { $0.items.map { streams("item \($0.name)") } }
  }
}
