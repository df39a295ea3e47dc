/// Which program made a result.
public enum Provenance {
  public static let version = "0.1.0"

  public static var current: JSONValue {
    ["program": .string("immerse-stats"), "version": .string(version)]
  }
}
