package web

import _ "embed"

//go:embed operations.json
var operations []byte

// Operations are the GraphQL operations that the UI sends, as a JSON object of ids and texts; they belong to the package. The playground sends
// those of its user.
func Operations() []byte { return operations }
