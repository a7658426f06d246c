const shapes = {
  good: 'M3.5 8.5l3 3 6-7',
  bad: 'M4 4l8 8M12 4l-8 8',
  warning: 'M8 3.5v5.5M8 11.8v.4',
  waiting: 'M8 4v4.2l2.6 1.8',
  unknown: 'M6 6.2a2 2 0 1 1 2.9 1.9c-.6.3-.9.7-.9 1.3M8 11.9v.3',
} as const;

export type IconName = keyof typeof shapes;

/** A small sign in a circle, in the colour of the text. The words beside it carry the meaning. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="7.2" />
      <path d={shapes[name]} />
    </svg>
  );
}
