package model

// KeyFrameRequest names a DataSetWriter of the gateway that is to send a key frame now.
type KeyFrameRequest struct {
	Group  string `json:"group"`
	Writer string `json:"writer"`
}

// KeyFrameResult tells what became of a KeyFrameRequest.
type KeyFrameResult struct {
	// Status is Good when the key frame was handed over to be stored; else Message says why not, and the remedy.
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
	// Fields are those of the key frame, Missing those among them that have no value yet.
	Fields  int `json:"fields,omitempty"`
	Missing int `json:"missing,omitempty"`
}
