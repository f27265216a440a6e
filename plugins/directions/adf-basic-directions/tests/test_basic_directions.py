from adf_basic_directions import DIRECTIONS, register_directions

from adf_core import Direction, DirectionContext

SEEDS = (
    "general overview broad wide-ranging holistic diverse varied multifaceted mixed comprehensive alternative creative "
    "unconventional original novel simple basic straightforward accessible easy"
)
DERIVATIONS = (
    "complex intricate multilayered sophisticated elaborate detailed nuanced specific abstract analytical humorous "
    "controversial personal technical emotional in-depth breadth context perspective tangent"
)


def context(stage="seed", type="conversation"):
    return DirectionContext(
        stage=stage,
        type=type,
        category="pets",
        user_role="OWNER",
        assistant_role="VET",
        diagram="erDiagram\n  OWNER ||--o{ PET : keeps",
    )


def test_both_families_are_registered_once_each():
    registered: list[type[Direction]] = []
    register_directions(registered.append)
    assert [direction.name for direction in registered] == [*SEEDS.split(), *DERIVATIONS.split()]


def test_the_families_say_which_stage_they_are_recommended_for():
    family = {direction.name: direction.recommended_for for direction in DIRECTIONS}
    assert all(family[name] == "seed" for name in SEEDS.split())
    assert all(family[name] == "derivation" for name in DERIVATIONS.split())


def test_the_prompt_receives_the_bare_name_in_every_place():
    for direction in DIRECTIONS:
        for stage in ("seed", "derivation"):
            for type in ("conversation", "instruct"):
                assert direction().instruction(context(stage, type)) == direction.name


def test_every_direction_is_usable_for_both_stages_and_types():
    for direction in DIRECTIONS:
        assert set(direction.stages) == {"seed", "derivation"}
        assert set(direction.types) == {"conversation", "instruct"}
        assert direction.continues


def test_every_direction_has_a_sentence_of_its_own():
    sentences = [direction.description for direction in DIRECTIONS]
    assert len(set(sentences)) == len(sentences)
    for direction in DIRECTIONS:
        assert direction.description.endswith(".") and "\n" not in direction.description
        assert direction.__doc__ == direction.description
