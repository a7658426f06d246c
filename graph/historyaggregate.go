package graph

import "github.com/shopfloor-iiot/shopfloor/model"

// aggregateNodes are the nodes of the standard's aggregate functions (Part 13, 4.2.2; Part 6, A.3).
var aggregateNodes = map[HistoryAggregate]uint32{
	HistoryAggregateInterpolative:               2341,
	HistoryAggregateAverage:                     2342,
	HistoryAggregateTimeAverage:                 2343,
	HistoryAggregateTotal:                       2344,
	HistoryAggregateMinimum:                     2346,
	HistoryAggregateMaximum:                     2347,
	HistoryAggregateMinimumActualTime:           2348,
	HistoryAggregateMaximumActualTime:           2349,
	HistoryAggregateRange:                       2350,
	HistoryAggregateAnnotationCount:             2351,
	HistoryAggregateCount:                       2352,
	HistoryAggregateNumberOfTransitions:         2355,
	HistoryAggregateStart:                       2357,
	HistoryAggregateEnd:                         2358,
	HistoryAggregateDelta:                       2359,
	HistoryAggregateDurationGood:                2360,
	HistoryAggregateDurationBad:                 2361,
	HistoryAggregatePercentGood:                 2362,
	HistoryAggregatePercentBad:                  2363,
	HistoryAggregateWorstQuality:                2364,
	HistoryAggregateTimeAverage2:                11285,
	HistoryAggregateMinimum2:                    11286,
	HistoryAggregateMaximum2:                    11287,
	HistoryAggregateRange2:                      11288,
	HistoryAggregateWorstQuality2:               11292,
	HistoryAggregateTotal2:                      11304,
	HistoryAggregateMinimumActualTime2:          11305,
	HistoryAggregateMaximumActualTime2:          11306,
	HistoryAggregateDurationInStateZero:         11307,
	HistoryAggregateDurationInStateNonZero:      11308,
	HistoryAggregateStandardDeviationSample:     11426,
	HistoryAggregateStandardDeviationPopulation: 11427,
	HistoryAggregateVarianceSample:              11428,
	HistoryAggregateVariancePopulation:          11429,
	HistoryAggregateStartBound:                  11505,
	HistoryAggregateEndBound:                    11506,
	HistoryAggregateDeltaBounds:                 11507,
}

// AggregateFunction shows a function that a server computes.
type AggregateFunction struct{ model.AggregateFunction }

// Aggregate is its name in the standard, nil for one of the server's own.
func (f *AggregateFunction) Aggregate() *HistoryAggregate {
	for name, node := range aggregateNodes {
		if f.NodeID == model.Expanded(model.NumericID(0, node)) {
			return &name
		}
	}
	return nil
}

func aggregateFunctions(list []model.AggregateFunction) []AggregateFunction {
	functions := make([]AggregateFunction, len(list))
	for i := range list {
		functions[i] = AggregateFunction{list[i]}
	}
	return functions
}

// HistoryCapabilities shows what a server can do with history.
type HistoryCapabilities struct{ model.HistoryCapabilities }

// AggregateFunctions are those that the server computes.
func (c *HistoryCapabilities) AggregateFunctions() []AggregateFunction {
	return aggregateFunctions(c.Aggregates)
}

// HistoricalDataConfiguration shows how a server keeps the history of a variable.
type HistoricalDataConfiguration struct{ model.HistoryConfiguration }

// Definition says how the values come about, nil if not given.
func (c *HistoricalDataConfiguration) Definition() *string {
	return optional(c.HistoryConfiguration.Definition)
}

// ExceptionDeviationFormat says what the deviation is of, nil if not given.
func (c *HistoricalDataConfiguration) ExceptionDeviationFormat() *ExceptionDeviationFormat {
	f := c.HistoryConfiguration.ExceptionDeviationFormat
	if f == nil {
		return nil
	}
	formats := []ExceptionDeviationFormat{
		ExceptionDeviationFormatAbsoluteValue, ExceptionDeviationFormatPercentOfValue, ExceptionDeviationFormatPercentOfRange,
		ExceptionDeviationFormatPercentOfEuRange, ExceptionDeviationFormatUnknown,
	}
	if *f < 0 || int(*f) >= len(formats) {
		return &formats[len(formats)-1]
	}
	return &formats[*f]
}

// AggregateConfiguration is how aggregates treat values that are not Good, nil if not given.
func (c *HistoricalDataConfiguration) AggregateConfiguration() *model.AggregateConfiguration {
	return c.Aggregate
}

// AggregateFunctions are those for this node.
func (c *HistoricalDataConfiguration) AggregateFunctions() []AggregateFunction {
	return aggregateFunctions(c.Aggregates)
}
