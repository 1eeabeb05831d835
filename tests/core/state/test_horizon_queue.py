from streams.core.state.horizon_queue import HorizonQueue


def test_the_oldest_comes_first_however_they_came() -> None:
    ages = HorizonQueue()
    for published_at, report_id in [(5, "e"), (7, "g"), (6, "f"), (7, "h"), (1, "a"), (9, "i")]:
        ages.add(published_at, report_id)
    assert list(ages.pop_before(7)) == [(1, "a"), (5, "e"), (6, "f")]
    assert list(ages.pop_before(7)) == []
    ages.add(2, "b")
    assert list(ages.pop_before(100)) == [(2, "b"), (7, "g"), (7, "h"), (9, "i")]


def test_what_was_appended_out_of_order_is_put_in_order() -> None:
    ages = HorizonQueue()
    for published_at, report_id in [(5, "e"), (1, "a"), (3, "c")]:
        ages.append(published_at, report_id)
    ages.put_in_order()
    ages.add(4, "d")
    assert list(ages.pop_before(6)) == [(1, "a"), (3, "c"), (4, "d"), (5, "e")]
