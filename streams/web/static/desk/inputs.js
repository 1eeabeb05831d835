// Inputs that keep what is being typed while the page is drawn again.
import {h, Component} from '../preact/preact.mjs';

/** A line of text; `set` gets it without blanks around it at each key. */
export class TextInput extends Component {
  render({value, set, type = 'text', ...rest}, {text}) {
    const typed = text !== undefined && this.read(text) === value ? text : value;
    return h('input', {
      type, autocomplete: 'off', spellcheck: false, dir: 'auto', ...rest, value: typed,
      onInput: (event) => {
        this.setState({text: event.target.value});
        set(this.read(event.target.value));
      },
    });
  }

  read(text) {
    return text.trim();
  }
}

/** A whole number; `set` gets null for none. */
export const NumberInput = ({set, ...rest}) => h(TextInput, {...rest, type: 'number', step: 1, inputMode: 'numeric', dir: undefined, set: (text) => set(text === '' ? null : Number(text))});
