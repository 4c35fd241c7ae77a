extension Configuration {
  /// The file to read: what `--config` says, else `$BELLHOP_CONFIG`, else `./bellhop.yaml`, else
  /// `/etc/bellhop/bellhop.yaml`. The first two are taken at their word, so that a misspelt path is
  /// an error and not another file. `nil` if there is none.
  static func find(
    option: String?, environment: [String: String], exists: (String) -> Bool
  ) -> String? {
    if let option { return option }
    if let named = environment["BELLHOP_CONFIG"], !named.isEmpty { return named }
    return ["./bellhop.yaml", "/etc/bellhop/bellhop.yaml"].first(where: exists)
  }
}
