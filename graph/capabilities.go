package graph

import (
	"context"
	"encoding/base64"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"golang.org/x/sync/errgroup"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The nodes of ServerCapabilities (Part 6, A.3).
const (
	idServerProfileArray               = 2269
	idLocaleIDArray                    = 2271
	idMinSupportedSampleRate           = 2272
	idMaxBrowseContinuationPoints      = 2735
	idMaxQueryContinuationPoints       = 2736
	idMaxHistoryContinuationPoints     = 2737
	idModellingRules                   = 2996
	idAggregateFunctions               = 2997
	idSoftwareCertificates             = 3704
	idMaxArrayLength                   = 11702
	idMaxStringLength                  = 11703
	idMaxNodesPerRead                  = 11705
	idMaxNodesPerWrite                 = 11707
	idMaxNodesPerMethodCall            = 11709
	idMaxNodesPerBrowse                = 11710
	idMaxNodesPerRegisterNodes         = 11711
	idMaxNodesPerTranslateBrowsePaths  = 11712
	idMaxNodesPerNodeManagement        = 11713
	idMaxMonitoredItemsPerCall         = 11714
	idMaxNodesPerHistoryReadData       = 12165
	idMaxNodesPerHistoryReadEvents     = 12166
	idMaxNodesPerHistoryUpdateData     = 12167
	idMaxNodesPerHistoryUpdateEvents   = 12168
	idMaxByteStringLength              = 12911
	idMaxSessions                      = 24095
	idMaxSubscriptions                 = 24096
	idMaxMonitoredItems                = 24097
	idMaxSubscriptionsPerSession       = 24098
	idMaxSelectClauseParameters        = 24099
	idMaxWhereClauseParameters         = 24100
	idConformanceUnits                 = 24101
	idMaxMonitoredItemsPerSubscription = 24104
	idMaxMonitoredItemsQueueSize       = 31916
)

// capabilities reads what a server says it can do: one Read, and one Browse at the same time if the folders are asked for.
func (r *Resolver) capabilities(ctx context.Context, server string) (*ServerCapabilities, error) {
	var folders [][]CapabilityNode
	var c *ServerCapabilities
	var work errgroup.Group
	if asked := graphql.CollectAllFields(ctx); slices.Contains(asked, "modellingRules") || slices.Contains(asked, "aggregateFunctions") {
		work.Go(func() error {
			return guarded(ctx, func() (err error) {
				folders, err = r.capabilityNodes(ctx, server, idModellingRules, idAggregateFunctions)
				return err
			})
		})
	}
	work.Go(func() error {
		return guarded(ctx, func() (err error) {
			c, err = readServerObject(ctx, r, server, serverCapabilities)
			return err
		})
	})
	if err := work.Wait(); err != nil {
		return nil, err
	}
	if folders != nil {
		c.ModellingRules, c.AggregateFunctions = folders[0], folders[1]
	}
	return c, nil
}

func serverCapabilities(o *serverObject) *ServerCapabilities {
	return &ServerCapabilities{
		ServerProfiles:                   list[string](o, idServerProfileArray, model.TypeString),
		ConformanceUnits:                 list[model.QualifiedName](o, idConformanceUnits, model.TypeQualifiedName),
		Locales:                          list[string](o, idLocaleIDArray, model.TypeString),
		MinSupportedSampleRate:           o.number(idMinSupportedSampleRate),
		MaxSessions:                      o.integer(idMaxSessions),
		MaxSubscriptions:                 o.integer(idMaxSubscriptions),
		MaxMonitoredItems:                o.integer(idMaxMonitoredItems),
		MaxSubscriptionsPerSession:       o.integer(idMaxSubscriptionsPerSession),
		MaxMonitoredItemsPerSubscription: o.integer(idMaxMonitoredItemsPerSubscription),
		MaxMonitoredItemsQueueSize:       o.integer(idMaxMonitoredItemsQueueSize),
		MaxSelectClauseParameters:        o.integer(idMaxSelectClauseParameters),
		MaxWhereClauseParameters:         o.integer(idMaxWhereClauseParameters),
		MaxBrowseContinuationPoints:      o.integer(idMaxBrowseContinuationPoints),
		MaxQueryContinuationPoints:       o.integer(idMaxQueryContinuationPoints),
		MaxHistoryContinuationPoints:     o.integer(idMaxHistoryContinuationPoints),
		MaxArrayLength:                   o.integer(idMaxArrayLength),
		MaxStringLength:                  o.integer(idMaxStringLength),
		MaxByteStringLength:              o.integer(idMaxByteStringLength),
		SoftwareCertificates:             softwareCertificates(o),
		OperationLimits: OperationLimits{
			MaxNodesPerRead:                          o.integer(idMaxNodesPerRead),
			MaxNodesPerHistoryReadData:               o.integer(idMaxNodesPerHistoryReadData),
			MaxNodesPerHistoryReadEvents:             o.integer(idMaxNodesPerHistoryReadEvents),
			MaxNodesPerWrite:                         o.integer(idMaxNodesPerWrite),
			MaxNodesPerHistoryUpdateData:             o.integer(idMaxNodesPerHistoryUpdateData),
			MaxNodesPerHistoryUpdateEvents:           o.integer(idMaxNodesPerHistoryUpdateEvents),
			MaxNodesPerMethodCall:                    o.integer(idMaxNodesPerMethodCall),
			MaxNodesPerBrowse:                        o.integer(idMaxNodesPerBrowse),
			MaxNodesPerRegisterNodes:                 o.integer(idMaxNodesPerRegisterNodes),
			MaxNodesPerTranslateBrowsePathsToNodeIds: o.integer(idMaxNodesPerTranslateBrowsePaths),
			MaxNodesPerNodeManagement:                o.integer(idMaxNodesPerNodeManagement),
			MaxMonitoredItemsPerCall:                 o.integer(idMaxMonitoredItemsPerCall),
		},
	}
}

func softwareCertificates(o *serverObject) []SoftwareCertificate {
	type signed struct {
		CertificateData, Signature []byte
	}
	certificates := structures[signed](o, idSoftwareCertificates)
	if certificates == nil {
		return nil
	}
	out := make([]SoftwareCertificate, len(certificates))
	for i, c := range certificates {
		out[i] = SoftwareCertificate{CertificateData: base64.StdEncoding.EncodeToString(c.CertificateData)}
		if c.Signature != nil {
			s := base64.StdEncoding.EncodeToString(c.Signature)
			out[i].Signature = &s
		}
	}
	return out
}
