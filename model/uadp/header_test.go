package uadp

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TestEveryContentOfANetworkMessage goes through all masks: what the mask names arrives, all else is 0.
func TestEveryContentOfANetworkMessage(t *testing.T) {
	for _, id := range []PublisherID{BytePublisherID(255), UInt16PublisherID(65535), UInt32PublisherID(1 << 31), UInt64PublisherID(1 << 63), StringPublisherID("")} {
		for mask := NetworkMessageContentMask(0); mask < 1<<11; mask++ {
			m := Message{Header{
				Content: mask, PublisherID: id, DataSetClassID: model.GUID{1, 2, 3}, WriterGroupID: 4, GroupVersion: 5, NetworkMessageNumber: 6,
				SequenceNumber: 7, Timestamp: goldenTime, PicoSeconds: 9999, PromotedFields: []model.Variant{model.ByteValue(8), {}},
			}, []DataSet{{Header: DataSetHeader{Kind: KeepAlive}}}}
			frame, err := m.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseMessage(frame, nil)
			if err != nil {
				t.Fatalf("mask %#x: %v", mask, err)
			}
			if diff := cmp.Diff(effective(m.Header), got.Header, equalMessages); diff != "" {
				t.Fatalf("mask %#x, publisher %v (-want +got):\n%s", mask, id, diff)
			}
		}
	}
}

// effective is h without what its mask does not name.
func effective(h Header) Header {
	if !h.Content.Has(ContentGroupHeader) {
		h.Content &^= ContentWriterGroupID | ContentGroupVersion | ContentNetworkMessageNumber | ContentSequenceNumber
	}
	if !h.Content.Has(ContentTimestamp) {
		h.Content &^= ContentPicoSeconds
	}
	want := Header{Content: h.Content}
	for bit, set := range map[NetworkMessageContentMask]func(){
		ContentPublisherID:          func() { want.PublisherID = h.PublisherID },
		ContentWriterGroupID:        func() { want.WriterGroupID = h.WriterGroupID },
		ContentGroupVersion:         func() { want.GroupVersion = h.GroupVersion },
		ContentNetworkMessageNumber: func() { want.NetworkMessageNumber = h.NetworkMessageNumber },
		ContentSequenceNumber:       func() { want.SequenceNumber = h.SequenceNumber },
		ContentTimestamp:            func() { want.Timestamp = h.Timestamp },
		ContentPicoSeconds:          func() { want.PicoSeconds = h.PicoSeconds },
		ContentDataSetClassID:       func() { want.DataSetClassID = h.DataSetClassID },
		ContentPromotedFields:       func() { want.PromotedFields = h.PromotedFields },
	} {
		if h.Content.Has(bit) {
			set()
		}
	}
	return want
}

// TestEveryContentOfADataSetMessage goes through all masks, kinds and encodings.
func TestEveryContentOfADataSetMessage(t *testing.T) {
	for mask := DataSetMessageContentMask(0); mask < 1<<6; mask++ {
		for kind := KeyFrame; kind <= KeepAlive; kind++ {
			for enc := EncodingVariant; enc <= EncodingDataValue; enc++ {
				h := DataSetHeader{
					WriterID: 65535, Kind: kind, Encoding: enc, Content: mask, SequenceNumber: 1, Timestamp: goldenTime, PicoSeconds: 9999,
					Status: 0x80340000, Version: model.ConfigurationVersion{Major: 2, Minor: 3},
				}
				m := Message{Header{Content: ContentPayloadHeader}, []DataSet{{Header: h}, {Header: h}}}
				frame, err := m.Append(nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := ParseMessage(frame, nil)
				if err != nil {
					t.Fatalf("mask %#x of a %v in %v: %v", mask, kind, enc, err)
				}
				want := effectiveDataSet(h)
				if len(got.DataSets) != 2 || got.DataSets[0].Header != want || got.DataSets[1].Header != want {
					t.Fatalf("mask %#x: got %+v; want %+v twice", mask, got.DataSets, want)
				}
			}
		}
	}
}

// effectiveDataSet is h without what its mask does not name.
func effectiveDataSet(h DataSetHeader) DataSetHeader {
	if !h.Content.Has(DataSetTimestamp) {
		h.Content &^= DataSetPicoSeconds
		h.Timestamp = 0
	}
	if !h.Content.Has(DataSetPicoSeconds) {
		h.PicoSeconds = 0
	}
	if !h.Content.Has(DataSetStatus) {
		h.Status = 0
	}
	if !h.Content.Has(DataSetMajorVersion) {
		h.Version.Major = 0
	}
	if !h.Content.Has(DataSetMinorVersion) {
		h.Version.Minor = 0
	}
	if !h.Content.Has(DataSetSequenceNumber) {
		h.SequenceNumber = 0
	}
	return h
}

// TestUnsupportedFrameTellsItsSender: who reads the error can say whose frame it was.
func TestUnsupportedFrameTellsItsSender(t *testing.T) {
	var d Decoder
	err := d.Decode(unspaced(t, "b1 11 ba08 01 6400 03 01000000 08 0102030405060708 0000"))
	if !errors.Is(err, ErrUnsupportedSecurity) || !errors.Is(err, ErrUnsupported) {
		t.Fatalf("error %v; want %v", err, ErrUnsupportedSecurity)
	}
	if h := d.Header(); h.PublisherID != UInt16PublisherID(2234) || h.WriterGroupID != 100 {
		t.Errorf("header %+v; want publisher 2234 and group 100", h)
	}
	if d.Next() || d.Err() == nil {
		t.Error("went on after the error")
	}
}

func TestPublisherID(t *testing.T) {
	f := func(id PublisherID, typ PublisherIDType, number uint64, text, printed string) {
		t.Helper()
		if id.Type() != typ || id.Number() != number || id.Text() != text || id.String() != printed || id.Clone() != id {
			t.Errorf("%v has type %d, number %d and text %q", id, id.Type(), id.Number(), id.Text())
		}
	}
	f(PublisherID{}, PublisherIDByte, 0, "", "0")
	f(BytePublisherID(42), PublisherIDByte, 42, "", "42")
	f(UInt16PublisherID(42), PublisherIDUInt16, 42, "", "42")
	f(UInt32PublisherID(42), PublisherIDUInt32, 42, "", "42")
	f(UInt64PublisherID(1<<63), PublisherIDUInt64, 1<<63, "", "9223372036854775808")
	f(StringPublisherID("gateway-7"), PublisherIDString, 0, "gateway-7", "gateway-7")
	if BytePublisherID(42) == UInt16PublisherID(42) {
		t.Error("ids of different types are the same")
	}
}
