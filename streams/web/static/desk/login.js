// The token of a writer, asked for when the server wants one; the browser keeps it where no script can read it.
import {h, Component} from '../preact/preact.mjs';
import {t} from '../i18n.js';
import {logIn, logOut} from './requests.js';

/** `again` where a login has ended while somebody worked: what was entered is kept. */
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

  render({again = false}, {error}) {
    return h('form', {class: 'card login', onSubmit: (event) => this.send(event)},
      h(again ? 'h2' : 'h1', null, t('logIn')), h('p', {role: again ? 'alert' : undefined}, t(again ? 'loginEnded' : 'logInHelp')),
      // Password managers want a name beside it.
      h('input', {type: 'text', name: 'username', autocomplete: 'username', value: 'truceline', hidden: true}),
      h('p', null, h('label', null, t('token'), ' ', h('input', {name: 'token', type: 'password', autocomplete: 'current-password', required: true})), ' ', h('button', {class: 'primary', type: 'submit'}, t('logIn'))),
      error && h('p', {class: 'fault', role: 'alert'}, error));
  }
}

/** Who is logged in, and the way out; nothing where the server knows no writers. */
export const LoggedIn = ({name, left}) => h('p', {class: 'logged-in quiet small'}, t('loggedInAs', {name}), ' ',
  h('button', {type: 'button', class: 'small', onClick: () => logOut().then(left, left)}, t('logOut')));
