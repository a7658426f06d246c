import { Icon } from './Icon';

interface Props {
  version: string | undefined;
  /** undefined until the first answer. */
  online: boolean | undefined;
}

export function Header({ version, online }: Props) {
  return (
    <header className="top">
      <h1>
        <img src="/favicon.svg" alt="" width="28" height="28" />
        Shopfloor
      </h1>
      {version && <span className="version">{version}</span>}
      <nav aria-label="Main">
        <a href="/playground">GraphQL playground</a>
        <a href="/vmui/">Charts</a>
        <a href="#tools">Tools</a>
      </nav>
      <LinkState online={online} />
    </header>
  );
}

function LinkState({ online }: { online: boolean | undefined }) {
  if (online === undefined) return <span className="link-state">Connecting…</span>;
  return (
    <span className={online ? 'link-state' : 'link-state bad'}>
      <Icon name={online ? 'good' : 'bad'} />
      {online ? 'Live' : 'No connection'}
    </span>
  );
}
