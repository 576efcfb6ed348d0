"""Whether a peer that speaks by itself is there."""

from nodes._helpers.presence import Presence


def online(told):
    return None if told is None else told.online


def test_it_is_online_with_its_first_word_and_that_is_told_once():
    presence = Presence(10.0)
    assert presence.online is None
    assert [online(presence.heard(second)) for second in (0, 1, 2)] == [True, None, None]


def test_it_is_offline_when_it_was_silent_for_too_long_and_that_is_told_once():
    presence = Presence(10.0)
    presence.heard(0.0)
    assert [online(presence.missed(second)) for second in (10, 11, 12)] == [None, False, None]
    assert online(presence.heard(13.0)) is True


def test_one_that_never_spoke_is_offline_after_the_same_time():
    presence = Presence(10.0)
    assert [online(presence.missed(second)) for second in (5, 15, 16)] == [None, None, False]
