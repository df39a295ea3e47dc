import Foundation
import TestSupport
import Testing

/// Every verb takes data of any format, by path and on standard input, and says the same of them.
///
/// The rows are 183 schools (`Tests/Goldens/parquet/schools.parquet`, from which the other files are made). A command
/// names its data as DATA and what it writes as OUT; what it prints and writes is compared with what it makes of a text
/// table named by path.
@Suite("Formats of data")
struct FormatTests {
  static let commands = [
    // Formats differ in how they store numbers, which `type` tells.
    "inspect DATA --weights pw --format csv | cut -d, -f1,3-",
    "convert DATA OUT --where 'stype != \"E\" and api00 > 600'",
    "convert DATA OUT --long api=api00,api99 --index year --id snum",
    "convert DATA DATA OUT --join districts.csv:dnum",
    "estimate mean api00,enroll --data DATA --weights pw --psu dnum --fpc fpc --by stype,dnum --missing drop",
    "estimate quantile api00 --probs 0.1,0.5 --data DATA --weights pw --psu dnum --where 'dnum < 700'",
    "estimate glm 'api00 ~ stype + meals' --data DATA --weights pw --psu dnum --fpc fpc",
    "estimate segregation awards:dnum --data DATA --weights pw",
    "fit 'api00 ~ meals + stype + (1 | dnum)' --data DATA --predict OUT",
    "weight base --data DATA --probabilities share --join districts.csv:dnum --out OUT",
    "weight rake --data DATA --weights pw --margins margins.csv --out OUT",
    "weight poststratify --data DATA --weights pw --margins margins.csv --out OUT",
    "weight calibrate --data DATA --weights pw --margins totals.csv --out OUT",
    "weight nonresponse --data DATA --weights pw --respondents item600 --covariates meals,stype --out OUT",
    "weight trim --data DATA --weights enroll --lower 200 --upper 900 --name trimmed --out OUT",
    "weight replicates --method jk1 --data DATA --weights pw --psu dnum --out OUT",
    "weight diagnose --data DATA --weights enroll --base pw --balance api99,stype",
    "score --framework framework.yaml --data DATA --unit snum",
    "score --scale scale.yaml --data DATA --weights pw --by stype --out OUT",
    "sensitivity --framework framework.yaml --data DATA --unit snum --draws 20 --weights 0.25",
    "request request.json --data DATA --columns OUT",
    "run study.yaml --out results --quiet && cat results/means.csv results/weights.csv",
  ]

  @Test("by path and on standard input", arguments: commands)
  func everyFormat(command: String) throws {
    try TestFiles.withTemporaryFolder { folder in
      let expected = try Self.run(command, on: "schools.csv", in: folder)
      #expect(expected.status == 0 && expected.printed.utf8.count > 40, "\(command): \(expected.error)")
      for format in ["csv", "arrow", "parquet", "sav"] {
        for file in ["schools.\(format)", "- < schools.\(format)"] where file != "schools.csv" {
          // Standard input is read once.
          if command.contains("DATA DATA"), file.hasPrefix("-") { continue }
          let output = try Self.run(command, on: file, in: folder)
          #expect(output.status == expected.status, "\(command), \(file): \(output.error)")
          #expect(output.printed == expected.printed, "\(command), \(file)")
        }
      }
    }
  }

  @Test("the other formats", arguments: ["csv.gz", "tsv", "arrows", "zsav", "dta"])
  func otherFormats(format: String) throws {
    try TestFiles.withTemporaryFolder { folder in
      for command in ["convert DATA OUT", "estimate mean api00 --data DATA --weights pw --psu dnum --by stype"] {
        let expected = try Self.run(command, on: "schools.csv", in: folder)
        for file in ["schools.\(format)", "- < schools.\(format)"] {
          let output = try Self.run(command, on: file, in: folder)
          #expect(output.status == 0 && output.printed == expected.printed, "\(command), \(file): \(output.error)")
        }
      }
    }
  }

  @Test(
    "tables to join and margins",
    arguments: [
      "convert DATA OUT --join districts.csv:dnum",
      "weight rake --data DATA --weights pw --margins margins.csv --out OUT",
    ])
  func otherTables(command: String) throws {
    try TestFiles.withTemporaryFolder { folder in
      let expected = try Self.run(command, on: "schools.csv", in: folder)
      #expect(expected.status == 0, "\(expected.error)")
      for format in ["arrow", "sav", "dta", "tsv"] {
        let made = try Command.run(
          "for t in districts margins; do immerse-stats convert $t.csv $t.\(format); done", in: folder)
        #expect(made.status == 0, "\(made.standardError)")
        let other = command.replacing("districts.csv", with: "districts.\(format)")
          .replacing("margins.csv", with: "margins.\(format)")
        let output = try Self.run(other, on: "schools.arrow", in: folder)
        #expect(output.status == 0 && output.printed == expected.printed, "\(other): \(output.error)")
      }
    }
  }

  private static func run(
    _ command: String, on file: String, in folder: URL
  ) throws -> (status: Int32, printed: String, error: String) {
    let parts = file.split(separator: " ", maxSplits: 1).map(String.init)
    let words = command.replacing("DATA", with: parts[0])
      .replacing("OUT", with: "out.csv")
    let line = parts.count > 1 ? "{ immerse-stats \(words); } \(parts[1])" : "immerse-stats \(words)"
    let study =
      "title: t\ndata: [\"\(parts[0])\"]\ndesign: {weights: raked, psu: [dnum], fpc: [fpc]}\n"
      + "weighting: {weights: pw, margins: margins.csv, output: raked, identify: [snum]}\n"
      + "estimates: [{name: means, kind: mean, variables: [api00], by: [stype]}]\n"
    for name in try FileManager.default.contentsOfDirectory(atPath: prepared.get().path) {
      let link = folder.appending(path: name)
      if FileManager.default.fileExists(atPath: link.path) { continue }
      try FileManager.default.createSymbolicLink(at: link, withDestinationURL: prepared.get().appending(path: name))
    }
    try study.write(to: folder.appending(path: "study.yaml"), atomically: true, encoding: .utf8)
    let output = try Command.run(
      "rm -rf out.csv results; set -o pipefail; \(line) && if [ -e out.csv ]; then cat out.csv; fi", in: folder)
    return (output.status, output.standardOutput, output.standardError)
  }

  /// A folder with the files, made once.
  private static let prepared = Result { try prepare() }

  private static func prepare() throws -> URL {
    let folder = Command.executable.deletingLastPathComponent().appending(path: "format-tests")
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let margins = "variable,category,total\nstype,E,4421\nstype,H,755\nstype,M,1018\n"
    let requested = [("E", 4421), ("H", 755), ("M", 1018)].map {
      #"{"variable": "stype", "category": "\#($0.0)", "total": \#($0.1)}"#
    }
    let items = [500, 600, 700, 800].map {
      "  - {name: item\($0), slope: 1, thresholds: [\(Double($0 - 650) / 100)]}\n"
    }
    let texts = [
      "margins.csv": margins,
      "totals.csv": "variable,category,total\n(Intercept),,6194\napi99,,3914069\n",
      "framework.yaml": "method: {normalise: minmax}\n"
        + "aggregates: [{code: level}]\nindicators: [{code: api00, parent: level}, {code: api99, parent: level}, "
        + "{code: meals, parent: level, direction: -1}]\n",
      "scale.yaml": "name: level\nitems:\n" + items.joined(),
      "request.json": #"{"rake": {"weights": "pw", "margins": [\#(requested.joined(separator: ", "))]}}"#,
    ]
    for (name, text) in texts { try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8) }
    let made = try Command.run(
      """
      set -e; cp '\(TestFiles.golden("parquet/schools.parquet").path)' schools.parquet
      for format in csv tsv arrow arrows sav zsav dta; do immerse-stats convert schools.parquet schools.$format; done
      gzip -k schools.csv
      (echo dnum,share; cut -d, -f3 schools.csv | tail -n +2 | sort -u | sed 's/$/,0.25/') > districts.csv
      """, in: folder)
    #expect(made.status == 0, "\(made.standardError)")
    return folder
  }
}
