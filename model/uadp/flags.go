package uadp

// The layout of the flag bytes (Part 14, 7.2.4.4.2, 7.2.4.4.3 and 7.2.4.5.4).
const (
	version           = 1
	versionMask       = 0x0F
	flagPublisherID   = 0x10
	flagGroupHeader   = 0x20
	flagPayloadHeader = 0x40
	flagExtended1     = 0x80

	ext1PublisherIDMask = 0x07
	ext1DataSetClassID  = 0x08
	ext1Security        = 0x10
	ext1Timestamp       = 0x20
	ext1PicoSeconds     = 0x40
	ext1Extended2       = 0x80

	ext2Chunk                 = 0x01
	ext2PromotedFields        = 0x02
	ext2TypeMask              = 0x1C
	ext2DiscoveryProbe        = 0x04
	ext2DiscoveryAnnouncement = 0x08
	ext2Action                = 0x20
	ext2Reserved              = 0xC0

	groupWriterGroupID        = 0x01
	groupVersion              = 0x02
	groupNetworkMessageNumber = 0x04
	groupSequenceNumber       = 0x08
	groupReserved             = 0xF0

	securitySigned    = 0x01
	securityEncrypted = 0x02
	securityFooter    = 0x04
	securityReset     = 0x08
	securityReserved  = 0xF0

	flags1Valid          = 0x01
	flags1EncodingShift  = 1
	flags1EncodingMask   = 0x03
	flags1SequenceNumber = 0x08
	flags1Status         = 0x10
	flags1MajorVersion   = 0x20
	flags1MinorVersion   = 0x40
	flags1Flags2         = 0x80

	flags2KindMask    = 0x0F
	flags2Timestamp   = 0x10
	flags2PicoSeconds = 0x20
	flags2Reserved    = 0xC0
)
