package graph

// gqlgen looks for its configuration, and all paths in it, from the folder it runs in.
//go:generate sh -c "cd .. && go tool gqlgen generate --config gqlgen.yml"
//go:generate go test -run ^TestEventTypesText$ -update .
