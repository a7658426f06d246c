package uadp

// MessageKind tells what is in a NetworkMessage (Part 14, 7.2.4.2).
type MessageKind uint8

// The kinds of NetworkMessages.
const (
	KindData         MessageKind = iota // DataSetMessages: go on with Next
	KindChunk                           // a part of a DataSetMessage or an announcement: see Chunk
	KindAnnouncement                    // what a publisher tells of itself: see Announcement
	KindProbe                           // what a subscriber asks a publisher for: see Probe
)

// String returns "data", "chunk", "announcement" or "probe".
func (k MessageKind) String() string {
	switch k {
	case KindData:
		return "data"
	case KindChunk:
		return "chunk"
	case KindAnnouncement:
		return "announcement"
	case KindProbe:
		return "probe"
	}
	return "reserved"
}
