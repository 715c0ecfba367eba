import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { Api, apiBase } from './lib/api';
import { showTheme, theme } from './lib/prefs';

showTheme(theme());

const target = document.getElementById('page');
if (target) mount(App, { target, props: { api: new Api(apiBase(document.baseURI)) } });
