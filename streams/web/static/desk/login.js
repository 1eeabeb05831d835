// The token of a writer, asked for when the server wants one; the browser keeps it where no script can read it.
import {h, Component} from '../preact/preact.mjs';
import {t} from '../i18n.js';
import {logIn} from './requests.js';

export class Login extends Component {
  state = {error: null};

  async send(event) {
    event.preventDefault();
    try {
      await logIn(new FormData(event.target).get('token'));
      this.props.done();
    } catch (error) {
      this.setState({error: error.message});
    }
  }

  render(_, {error}) {
    return h('form', {class: 'card login', onSubmit: (event) => this.send(event)},
      h('h1', null, t('logIn')), h('p', null, t('logInHelp')),
      // Password managers want a name beside it.
      h('input', {type: 'text', name: 'username', autocomplete: 'username', value: 'truceline', hidden: true}),
      h('p', null, h('label', null, t('token'), ' ', h('input', {name: 'token', type: 'password', autocomplete: 'current-password', required: true})), ' ', h('button', {class: 'primary', type: 'submit'}, t('logIn'))),
      error && h('p', {class: 'fault', role: 'alert'}, error));
  }
}
