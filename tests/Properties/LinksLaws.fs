/// Groups as files keep them: symbol tables, link messages, fractal heaps; behind user blocks too.
module SingleSharp.Properties.LinksLaws

open Expecto

let tests =
    testList
        "Links"
        [
            Listing.fixture "groups" "groups"
            Listing.fixture "groups_old" "groups"
            Listing.fixture "user_block" "groups"
            Listing.fixture "user_block_old" "groups"
            Listing.fixture "types" "types"
            Listing.fixture "types_old" "types"
            Listing.fixture "chunked" "chunked"
            Listing.fixture "chunked_old" "chunked"
            Listing.fixture "long" "long"
            Listing.fixture "long_old" "long"
            Listing.fixture "paged" "paged"
            Listing.fixture "wide" "wide"
            Listing.fixture "heavy" "heavy"
            Listing.fixture "heavy_old" "heavy"
        ]
