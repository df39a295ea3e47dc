import Foundation
import ImmerseStats
import Studies
import TestSupport
import Testing

struct ReshapeStepTests {
  /// A study of a wide file gives what it gives of the same rows written one below the other.
  @Test func aWideFileIsTheSameStudyAsALongOne() throws {
    try TestFiles.withTemporaryFolder { folder in
      func run(_ name: String, _ data: String, _ reshape: String) throws -> StudyRun {
        try Data(data.utf8).write(to: folder.appending(path: "\(name).csv"))
        let study = """
          title: Waves
          data: [\(name).csv]
          \(reshape)
          derive: [{name: late, compute: "wave > 1"}]
          design: {psu: [site]}
          estimates: [{name: growth, kind: mean, variables: [score], by: [late], missing: drop}]
          """
        let file = folder.appending(path: "\(name).yaml")
        try Data(study.utf8).write(to: file)
        return try StudyRun(file.path, engine: Engine(threads: 1))
      }
      let wide = try run(
        "wide", "child,site,m1,m2\n1,a,1,4\n2,a,2,\n3,b,5,7\n4,b,,\n",
        "reshape: {long: [\"score=m1-m2\"], id: [child], drop_missing: true}")
      let long = try run("long", "site,wave,score\na,1,1\na,2,4\na,1,2\nb,1,5\nb,2,7\n", "")
      #expect(wide.estimates[0].result.rows == long.estimates[0].result.rows)
      #expect(wide.notes.map(\.message) == ["3 of 8 rows had no value of the reshaped variables and were left out"])
      #expect(wide.rowCount == 5)
    }
  }
}
