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
		Name: i.Name, Type: required(page.Name), Description: describe(i.Source.Node), Source: i.Source,
		Args: []*Field{
			{Name: "server", Type: named("ID"), Description: "Left out, all servers."},
			{Name: "path", Type: named("String"), Description: "The instance at this browse path, \"Objects/Plant/Boiler1\", or else those below it; left out, below Objects."},
			{Name: "ids", Type: Ref{Name: "ID", List: true, ItemNonNull: true}, Description: "These instances: \"<server>/<nodeId>\"."},
			{Name: "filter", Type: named("TypedNodeFilter")},
			{Name: "first", Type: named("Int"), Default: "100"},
			{Name: "after", Type: named("String")},
		},
	})
}
