public import Columnar
import Synchronization

/// A source with its profile: every category has its frozen levels, so that a code means the same in all passes.
///
/// Making a dataset is pass 0 of a plan. Where the requested columns fit into the engine's memory limit they stay
/// there, and later passes do not touch the file.
public struct Dataset: Sendable {
  public let profile: Profile
  private let source: any Source
  private let resident: [Batch]?
  private let requests: [ColumnRequest]
  /// The passes over the rows, where these lie elsewhere.
  let record: PassRecord?

  /// Reads the named columns of every row once.
  ///
  /// The profile leaves out the columns called `unprofiled`; of many numbers that only enter a later pass it would cost
  /// as much as that pass.
  ///
  /// - Throws: `badData` where a column is missing or a cell contradicts its request, `cancelled`.
  public init(
    _ source: any Source, columns: [ColumnRequest], unprofiled: Set<String> = [], engine: Engine
  ) throws(ImmerseError) {
    let resolved = try source.resolve(columns)
    let requests = resolved.merged
    let profiled = resolved.filter { !unprofiled.contains($0.name) }
    let keepsRows = source.rowCount * requests.count * 8 <= engine.memoryLimit
    let count = source.chunkCount
    let batches = Mutex([Batch?](repeating: nil, count: keepsRows ? count : 0))
    let lanes = Engine.lanes(chunks: count)
    let tree = MergeTree<ProfilePartial>(lanes: lanes.count) { (whole, part) throws(ImmerseError) in
      var whole = whole
      try whole.merge(part)
      return whole
    }
    let done = Atomic<Int>(0)
    try parallelForEach(lanes.count, threads: engine.threads) { (lane: Int) throws(ImmerseError) in
      var partial = ProfilePartial(profiled)
      for index in lanes[lane] {
        try engine.checkCancellation()
        let batch = try source.locatingErrors { () throws(ImmerseError) in
          let batch = try source.chunk(index, requests)
          try partial.absorb(batch)
          return batch
        }
        // Behind a transform stand columns that only the transform needed; they shall not stay for the others' sake.
        if keepsRows {
          let kept = source is TransformedSource ? batch.detached : batch
          batches.withLock { $0[index] = kept }
        }
        engine.progress?(done.add(1, ordering: .relaxed).newValue, count)
      }
      try tree.add(partial, ofLane: lane)
    }
    let profile = (tree.root ?? ProfilePartial(profiled)).profile(sourceRows: source.rowCount)
    self.profile = profile
    self.source = source
    self.requests = requests
    record = nil
    guard keepsRows else {
      resident = nil
      return
    }
    try parallelForEach(count, threads: engine.threads) { (index: Int) throws(ImmerseError) in
      guard let batch = batches.withLock({ $0[index] }) else { return }
      let recoded = profile.freeze(batch)
      batches.withLock { $0[index] = recoded }
    }
    resident = batches.withLock { $0.compactMap(\.self) }
  }

  /// Rows whose profile is known, or not needed yet, as a part of rows that lie in several places: each pass reads the
  /// source.
  ///
  /// - Throws: `badData` where a column is missing.
  public init(_ source: any Source, columns: [ColumnRequest], profile: Profile?) throws(ImmerseError) {
    try source.require(columns.map(\.name))
    let resolved: [ColumnRequest]
    if let profile {
      resolved = columns.map { request in
        guard request.kind == .automatic else { return request }
        return ColumnRequest(request.name, profile.levels[request.name] == nil ? .number : .category)
      }
    } else {
      resolved = try source.resolve(columns)
    }
    self.init(
      profile: profile ?? Profile(rowCount: 0, droppedRowCount: 0, levels: [:], numbers: [:], missing: [:]),
      source: source, resident: nil, requests: resolved.merged)
  }

  /// No rows, but what all of them agree on: enough to make fits that gather parts elsewhere.
  public init(withoutRows profile: Profile) {
    self.init(profile: profile, source: Table([]), resident: nil, requests: [])
  }

  /// Rows that lie elsewhere, with what the passes over them have gathered: a pass that has been made gives its model.
  public init(_ profile: Profile, record: PassRecord) {
    self.init(profile: profile, source: Table([]), resident: nil, requests: [], record: record)
  }

  public var chunkCount: Int { source.chunkCount }
  /// Rows of the source, before any filter.
  public var rowCount: Int { record == nil ? source.rowCount : profile.rowCount }

  /// The requested columns of one chunk, with frozen levels.
  ///
  /// - Throws: `badData` where a column was not requested when the dataset was made.
  public func chunk(_ index: Int, _ columns: [ColumnRequest]) throws(ImmerseError) -> Batch {
    if let resident { return resident[index] }
    let wanted = Set(columns.map(\.name))
    return profile.freeze(try source.chunk(index, requests.filter { wanted.contains($0.name) }))
  }

  /// This dataset with the columns a frozen model adds to its rows, such as a calibrated weight.
  ///
  /// The model reads columns of the dataset; the new columns are numbers and have no profile.
  ///
  /// - Throws: what the model throws, `cancelled`.
  public func adding(_ model: some Transform, with engine: Engine) throws(ImmerseError) -> Dataset {
    let added = model.outputs.map { ColumnRequest.number($0.name) }
    guard let resident else {
      return Dataset(
        profile: profile, source: try source.applying(model), resident: nil, requests: requests + added)
    }
    let batches = Mutex(resident)
    try parallelForEach(resident.count, threads: engine.threads) { (index: Int) throws(ImmerseError) in
      try engine.checkCancellation()
      let extended = try locatingErrors { () throws(ImmerseError) in try model.apply(to: resident[index]) }
      batches.withLock { $0[index] = extended }
    }
    return Dataset(
      profile: profile, source: source, resident: batches.withLock { $0 }, requests: requests + added)
  }

  private init(
    profile: Profile, source: any Source, resident: [Batch]?, requests: [ColumnRequest], record: PassRecord? = nil
  ) {
    self.profile = profile
    self.source = source
    self.resident = resident
    self.requests = requests
    self.record = record
  }

  /// Runs work on the rows, and gives its errors the places of their rows.
  func locatingErrors<Result>(
    _ work: () throws(ImmerseError) -> Result
  ) throws(ImmerseError) -> Result { try source.locatingErrors(work) }
}
