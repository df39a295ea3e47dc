import ArgumentParser
import Columnar
import DataFormats
import ImmerseStats
import Streaming

extension Weight {
  struct Replicates: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make replicate weights of a sample.",
      discussion: """
        EXAMPLES
          immerse-stats weight replicates --method jkn --data apistrat.csv --weights pw --strata stype --out rw.csv
          immerse-stats weight replicates --method fay=0.5 --data pairs.csv --weights w --strata zone --psu school \\
            --out rw.arrow
          immerse-stats weight replicates --method rao-wu-yue-beaumont --count 200 --seed 7 --data apiclus2.csv \\
            --psu dnum,snum --fpc fpc1,fpc2 --out rw.csv

        brr and fay=COEFFICIENT need two sampling units in every stratum and balance them by a Hadamard matrix (fay also \
        takes three, as PISA does); jk1 leaves out one unit at a time, jkn one of one stratum, jk2 makes one replicate a \
        stratum of two units and two of three; bootstrap draws \
        n - 1 units (Rao and Wu), rao-wu-yue-beaumont does so at every stage with population sizes, generalised draws \
        normal factors with the covariance of the design, and sdr takes successive differences in the order of ids. \
        All input columns are written, and the replicates rw1, rw2, ... after them. The summary says the scale by which \
        squared deviations are multiplied; estimate --replicates rw1-rw80 --replicate-method takes the same names.
        """)

    @OptionGroup var data: DataOptions
    @OptionGroup var design: DesignOptions

    @Option(
      help: "brr, fay=COEFFICIENT, jk1, jkn, jk2, bootstrap, rao-wu-yue-beaumont, generalised or sdr.",
      transform: ReplicateMethod.parse)
    var method: ReplicateMethod

    @Option(help: "How many replicates, where the method leaves that open; 80 by default.")
    var count: Int?

    @OptionGroup var filter: FilterOption

    @Option(help: "What the names of the columns begin with.")
    var name = "rw"

    @Option(help: "The file to write; by default CSV on standard output.")
    var out: String?

    @OptionGroup var summary: WeightSummary
    @OptionGroup var global: GlobalOptions

    func run() throws {
      try summary.check(dataTo: out)
      let engine = global.engine
      let source = try filter.apply(to: try data.open(global, engine), global, engine)
      let request = ReplicatesRequest(
        method, design: try design.design, count: count, seed: global.seed, prefix: name)
      let model = try Replication.make(request, on: source, engine: engine)
      if let taken = model.summary.columns.first(where: source.columnNames.contains) {
        throw ImmerseError(
          .usage, "the data already have a column of that name", variable: taken,
          remedy: "give the new ones another beginning with --name")
      }
      try DataFile.write(try source.applying(model), to: out ?? "-", engine: engine, force: global.force)
      try summary.write(model.summary.analysis, dataTo: out, global)
    }
  }
}
