import './theme.css';
import './home.css';
import './servers.css';
import './live.css';
import './form.css';
import './health.css';
import './discovery.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Home } from './Home';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Home />
  </StrictMode>,
);
