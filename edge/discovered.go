package edge

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// outcome joins what a discovery found with what was known before.
type outcome struct {
	gateway, id string
	now         time.Time
	complete    bool // nothing was left out: what was not found is not there
}

// ApplicationID is the id of a discovered application: the same one for the same application URI at the same gateway.
func ApplicationID(gateway, applicationURI string) string {
	sum := sha256.Sum256([]byte(gateway + "\x00" + applicationURI))
	return hex.EncodeToString(sum[:10])
}

// merge returns the applications that changed.
func (o outcome) merge(known []model.DiscoveredApplication, found *Found) []model.DiscoveredApplication {
	owner := map[string]string{} // of each endpoint URL that was found
	for _, a := range found.Applications {
		for _, e := range a.Endpoints {
			owner[e.URL] = a.ApplicationURI
		}
	}
	// gone tells that the endpoint is not there any more, or that another application is.
	gone := func(uri, url string) bool {
		if by, ok := owner[url]; ok {
			return by != uri
		}
		return o.complete && found.Absent != nil && found.Absent(url)
	}
	byURI := map[string]model.DiscoveredApplication{}
	for _, k := range known {
		byURI[k.ApplicationURI] = k
	}
	var changed []model.DiscoveredApplication
	for _, a := range found.Applications {
		old, ok := byURI[a.ApplicationURI]
		delete(byURI, a.ApplicationURI)
		a.ID, a.Gateway, a.FirstSeen, a.LastSeen, a.LastDiscoveryID = ApplicationID(o.gateway, a.ApplicationURI), o.gateway, o.now, o.now, o.id
		if ok {
			a.FirstSeen = old.FirstSeen
			// What this discovery did not look at stays.
			for _, e := range old.Endpoints {
				if _, again := owner[e.URL]; !again && !gone(a.ApplicationURI, e.URL) && !slices.ContainsFunc(a.Endpoints, sameEndpoint(e)) {
					a.Endpoints = append(a.Endpoints, e)
				}
			}
		}
		changed = append(changed, a)
	}
	for _, k := range known {
		if _, left := byURI[k.ApplicationURI]; !left || !k.NotSeenSince.IsZero() || len(k.Endpoints) == 0 {
			continue
		}
		if !slices.ContainsFunc(k.Endpoints, func(e model.Endpoint) bool { return !gone(k.ApplicationURI, e.URL) }) {
			k.NotSeenSince = o.now
			changed = append(changed, k)
		}
	}
	return changed
}

// sameEndpoint tells whether an endpoint is e at another address.
func sameEndpoint(e model.Endpoint) func(model.Endpoint) bool {
	return func(o model.Endpoint) bool {
		return o.SecurityMode == e.SecurityMode && o.SecurityPolicy == e.SecurityPolicy && slices.Contains(o.AlternativeURLs, e.URL)
	}
}
