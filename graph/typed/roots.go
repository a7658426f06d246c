package typed

// roots adds the fields that give the instances of a type.
func (g *generator) roots(i *Type) {
	page := &Type{
		Name: g.table.node(i.Source.NodeID, "page", i.Name+"_Page"), Source: i.Source, Description: "Instances of " + i.Name + " and its subtypes.",
		Fields: []*Field{
			{Name: "nodes", Type: Ref{Name: i.Name, List: true, ItemNonNull: true, NonNull: true}},
			{Name: "pageInfo", Type: required("PageInfo")},
		},
	}
	g.add(page)
	g.out.Query = append(g.out.Query, &Field{
		Name: i.Name, Type: named(page.Name), Description: describe(i.Source.Node), Source: i.Source,
		Args: []*Field{
			{Name: "server", Type: named("ID"), Description: "Left out, all servers."},
			{Name: "path", Type: named("String"), Description: "The instance at this browse path, \"Objects/Plant/Boiler1\", or else those below it; left out, below Objects."},
			{Name: "ids", Type: Ref{Name: "ID", List: true, ItemNonNull: true}, Description: "These instances: \"<server>/<nodeId>\"."},
			{Name: "filter", Type: named("TypedNodeFilter")},
			{Name: "first", Type: named("Int"), Default: "100"},
			{Name: "after", Type: named("String")},
		},
	})
	g.subscription(i)
}

// subscription adds the field that delivers the instances of a type as they change.
func (g *generator) subscription(i *Type) {
	changes := &Type{
		Name: g.table.node(i.Source.NodeID, "changes", i.Name+"_Changes"), Source: i.Source, Implements: []string{"TypedChanges"},
		Fields: []*Field{
			{Name: "stream", Type: required("ID")},
			{Name: "sequence", Type: required("Int64")},
			{Name: "complete", Type: required("Boolean")},
			{Name: "nodes", Type: Ref{Name: i.Name, List: true, ItemNonNull: true, NonNull: true}},
			{Name: "removed", Type: Ref{Name: "ID", List: true, ItemNonNull: true, NonNull: true}},
			{Name: "overflow", Type: required("Boolean")},
		},
	}
	g.add(changes)
	g.out.Subscription = append(g.out.Subscription, &Field{
		Name: i.Name, Type: required(changes.Name), Description: "As Query." + i.Name + ", whenever values change.", Source: i.Source,
		Args: []*Field{
			{Name: "server", Type: named("ID")},
			{Name: "path", Type: named("String")},
			{Name: "ids", Type: Ref{Name: "ID", List: true, ItemNonNull: true}},
			{Name: "filter", Type: named("TypedNodeFilter")},
			{Name: "first", Type: named("Int"), Default: "100"},
			{Name: "samplingInterval", Type: named("Duration"), Default: `"250ms"`},
			{Name: "publishingInterval", Type: named("Duration"), Default: `"250ms"`},
			{Name: "resume", Type: named("ResumeInput")},
		},
	})
}
