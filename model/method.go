package model

// MethodDescription is what a method takes and gives (Part 3, 5.7): the values of its properties InputArguments and OutputArguments. A method without such a
// property has no arguments of the kind.
type MethodDescription struct {
	Status          StatusCode       `json:"status,omitempty"`
	Message         string           `json:"message,omitempty"`
	InputArguments  []MethodArgument `json:"inputArguments,omitempty"`
	OutputArguments []MethodArgument `json:"outputArguments,omitempty"`
}

// MethodArgument describes one argument (Part 3, 8.6).
type MethodArgument struct {
	Name     string         `json:"name"`
	DataType ExpandedNodeID `json:"dataType"`
	// BuiltInType is that which values of DataType are encoded as; TypeVariant for an abstract one.
	BuiltInType BuiltInType `json:"builtInType"`
	ValueRank   int32       `json:"valueRank"`
	// ArrayDimensions are the lengths of an array, 0 for one that may vary.
	ArrayDimensions []uint32      `json:"arrayDimensions,omitempty"`
	Description     LocalizedText `json:"description"`
}
