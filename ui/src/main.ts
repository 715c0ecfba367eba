import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { Api, apiBase } from './lib/api';
import { withKeeper } from './lib/keeper';
import { showTheme, theme } from './lib/prefs';

showTheme(theme());

const target = document.getElementById('page');
const context = withKeeper();
if (target) mount(App, { target, context, props: { api: new Api(apiBase(document.baseURI)) } });
