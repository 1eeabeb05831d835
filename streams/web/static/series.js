// What each day, week or month added, by source: loaded once it is scrolled to, and again when the episode moves on.
import {h, Component} from './preact/preact.mjs';
import {move, route} from './address.js';
import {Strips} from './bars.js';
import {t} from './i18n.js';
import {Refused, fetchSeries} from './server.js';

const DAY_MS = 86_400_000;
const PERIODS = ['day', 'week', 'month'];
/** While changes come in, the bars follow at most so often. */
const AGAIN_MS = 10_000;

/** `span` is how long the story is, in milliseconds; `through` is another object whenever the episode has moved on. */
export class Series extends Component {
  constructor(props) {
    super(props);
    const {per, from} = route();
    this.state = {per: PERIODS.includes(per) ? per : null, since: from === 'ceasefire' ? from : ''};
  }

  componentDidMount() {
    this.seen = new IntersectionObserver(([entry]) => {
      this.isSeen = entry.isIntersecting;
      if (this.isSeen) this.follow();
    });
    this.seen.observe(this.box);
  }

  componentDidUpdate(before) {
    if (before.through !== this.props.through) this.follow();
  }

  componentWillUnmount() {
    this.seen.disconnect();
    clearTimeout(this.due);
    this.aborts?.abort();
  }

  period() {
    const {span} = this.props;
    return this.state.per ?? (span <= 62 * DAY_MS ? 'day' : span <= 400 * DAY_MS ? 'week' : 'month');
  }

  /** Load where what is shown is not what would be asked for now. */
  follow() {
    if (!this.isSeen || this.due) return;
    const wanted = [this.props.through, this.period(), this.state.since];
    if (wanted.every((one, at) => one === this.shown?.[at])) return;
    const isChoice = wanted.slice(1).some((one, at) => one !== this.shown?.[at + 1]);
    const wait = isChoice ? 0 : Math.max(0, this.loadedAt + AGAIN_MS - Date.now());
    this.due = setTimeout(() => {
      this.due = null;
      this.load(wanted);
    }, wait);
  }

  async load(wanted) {
    this.shown = wanted;
    this.loadedAt = Date.now();
    this.aborts?.abort();
    this.aborts = new AbortController();
    const [, per, since] = wanted;
    try {
      const rows = await fetchSeries(this.props.episode, {per, ...(since && {since})}, this.aborts.signal);
      this.setState({rows, of: per, error: null});
    } catch (error) {
      if (error.name === 'AbortError') return;
      const isOver = error instanceof Refused && error.status === 409;
      this.setState({rows: null, error: isOver ? t('noneInEffect') : t('seriesFailed', {reason: error.message})});
    }
  }

  choose(choice) {
    const {per = this.period(), since = this.state.since} = choice;
    move({per, from: since});
    this.setState({per, since}, () => this.follow());
  }

  render({colours, canSinceCeasefire}, {since, rows, of, error}) {
    const pick = (name, words, value, all) => h('label', null, `${words} `, h('select', {value, onChange: (event) => this.choose({[name]: event.target.value})},
      all.map(([key, label]) => h('option', {key, value: key, selected: key === value}, label))));
    return h('section', {class: 'series card', 'aria-label': t('series'), ref: (box) => { this.box = box; }, 'aria-busy': String(!rows && !error)},
      h('div', {class: 'choices'},
        pick('per', t('per'), this.period(), PERIODS.map((per) => [per, t(`per.${per}`)])),
        (canSinceCeasefire || since) && pick('since', t('sincePick'), since, [['', t('wholeTime')], ['ceasefire', t('sinceCeasefire')]])),
      h('p', {class: 'quiet small'}, t('seriesNote')),
      error ? h('p', {class: 'notice', role: 'alert'}, error) : rows ? h(Strips, {rows, per: of, colours}) : h('p', {class: 'quiet'}, t('loading')));
  }
}
