package mqttout

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// pubSubState is a PubSubState (Part 14, 6.2.1).
type pubSubState int

const (
	statusDisabled    pubSubState = 0 // the gateway was ended
	statusOperational pubSubState = 2
	statusError       pubSubState = 3 // the connection was lost: the broker sends it, as the will
)

// statusMessage is a Status message in JSON (Part 14, 7.2.5.5.7).
type statusMessage struct {
	MessageID   string      `json:"MessageId"`
	MessageType string      `json:"MessageType"`
	PublisherID string      `json:"PublisherId"`
	Timestamp   string      `json:"Timestamp"`
	IsCyclic    bool        `json:"IsCyclic"`
	Status      pubSubState `json:"Status"`
}

// status makes the retained message that tells how the publisher is.
func (b *Broker) status(e *encoder, s pubSubState) (*message, error) {
	payload, err := json.Marshal(statusMessage{
		MessageID: e.messageID(), MessageType: typeStatus, PublisherID: b.gateway, Timestamp: model.DateTimeOf(time.Now()).String(), Status: s,
	})
	if err != nil {
		return nil, fmt.Errorf("status message: %w", err)
	}
	return &message{topic: b.statusTopic, payload: payload, qos: 1, retain: true, contentType: contentJSON, messageType: typeStatus}, nil
}
