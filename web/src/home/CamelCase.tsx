import { Fragment } from 'react';
import { camelWords } from '../format';

/** A name that may go on in the next line between its words. */
export function CamelCase({ name }: { name: string }) {
  return camelWords(name).map((word, i) => (
    <Fragment key={i}>
      {i > 0 && <wbr />}
      {word}
    </Fragment>
  ));
}
