import { Icon } from './Icon';

interface Props {
  version: string | undefined;
  link: Link;
}

export type Link = 'connecting' | 'live' | 'error' | 'lost';

const linkTexts: Record<Link, string> = { connecting: 'Connecting…', live: 'Live', error: 'Error', lost: 'No connection' };

export function Header({ version, link }: Props) {
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
        <a href="#discovery">Find servers</a>
        <a href="#tools">Tools</a>
      </nav>
      <span className={`link-state ${link}`}>
        {link !== 'connecting' && <Icon name={link === 'live' ? 'good' : 'bad'} />}
        {linkTexts[link]}
      </span>
    </header>
  );
}
