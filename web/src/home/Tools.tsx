import { CopyText } from './CopyText';

const tools = [
  { href: '/playground', name: 'GraphQL playground', text: 'Browse, read, write, call and subscribe, with examples to run' },
  { href: '/vmui/', name: 'Charts (VMUI)', text: 'Query and draw what is stored, with MetricsQL' },
  { href: '/metrics', name: 'Metrics', text: 'The platform’s own figures, for Prometheus' },
  { href: '/readyz', name: 'Readiness', text: 'Whether all parts work, and the reasons if not' },
];

export function Tools() {
  return (
    <section id="tools" aria-labelledby="tools-title">
      <div className="section-head">
        <h2 id="tools-title">Tools</h2>
      </div>
      <ul className="tools">
        {tools.map((tool) => (
          <li key={tool.href} className="card">
            <a href={tool.href}>{tool.name}</a>
            <p>{tool.text}</p>
          </li>
        ))}
        <li className="card">
          <h3>Grafana</h3>
          <p>Add a Prometheus data source with this URL:</p>
          <CopyText text={`${location.origin}/prometheus`} />
        </li>
      </ul>
    </section>
  );
}
