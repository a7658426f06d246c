// Package demoplant is a small plant with an OPC UA server, inside the process, to try Shopfloor with: two steam boilers,
// a packaging line and an energy meter, as types and instances (namespace urn:shopfloor:demo-plant, index 2). The values
// are simulated physics, set points and methods act on it, and the analog values keep 15 minutes of history, which clients may change and have aggregated.
// Each boiler has an alarm, OverTemperature, with limits at 160 and 172 °C: a set point above brings it about. The packaging line reports what it does by events.
//
// Browse names: Objects/Plant/Boiler1, Boiler2, PackagingLine1 and EnergyMeter1. Node ids are strings that follow them:
// ns=2;s=Boiler1.Temperature, ns=2;s=BoilerType, ns=2;s=BoilerType.Temperature.
package demoplant
