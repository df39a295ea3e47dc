#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

let checks =
  try tableChecks() + refusalChecks() + surveyChecks() + rakingChecks() + modelChecks() + indexChecks()
  + passChecks() + ownFitChecks()
for check in checks { print(check.description) }
let failures = checks.filter { !$0.isMet }
print("\(checks.count - failures.count) of \(checks.count) numbers agree")
exit(failures.isEmpty ? 0 : 1)
