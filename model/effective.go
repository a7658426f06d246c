package model

// EffectiveBehavior is Behavior, or what an empty one stands for.
func (h *Heartbeat) EffectiveBehavior() HeartbeatBehavior {
	return orDefault(h.Behavior, HeartbeatWatchdogLKV)
}

// EffectiveCondition is Condition, or what an empty one stands for.
func (w *Watchdog) EffectiveCondition() WatchdogCondition {
	return orDefault(w.Condition, WatchdogAllLate)
}

// EffectiveBehavior is Behavior, or what an empty one stands for.
func (w *Watchdog) EffectiveBehavior() WatchdogBehavior {
	return orDefault(w.Behavior, WatchdogDiagnostic)
}

// EffectiveTrigger is Trigger, or what an empty one stands for.
func (f *PublishedField) EffectiveTrigger() DataChangeTrigger {
	return orDefault(f.Trigger, TriggerStatusValue)
}

// EffectiveAttribute is Attribute, or what 0 stands for.
func (f *PublishedField) EffectiveAttribute() AttributeID {
	return orDefault(f.Attribute, AttributeValue)
}

// EffectiveAttribute is Attribute, or what 0 stands for.
func (c *SelectClause) EffectiveAttribute() AttributeID {
	return orDefault(c.Attribute, AttributeValue)
}

// EffectiveEncoding is Encoding, or what an empty one stands for.
func (o *Output) EffectiveEncoding() OutputEncoding { return orDefault(o.Encoding, OutputJSON) }

// EffectiveMode is Mode, or what an empty one stands for.
func (o *Output) EffectiveMode() OutputMode { return orDefault(o.Mode, OutputPubSub) }

func orDefault[T comparable](v, standsFor T) T {
	var zero T
	if v == zero {
		return standsFor
	}
	return v
}
