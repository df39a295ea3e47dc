/// A setting that is written as one text of a form of its own, such as the `fay=0.5` of a method of replication.
public protocol Spelled {
  /// A text that can be read.
  static var example: String { get }
}
