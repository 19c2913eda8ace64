"""Pictures are made anew, in processes of their own: what comes out holds nothing but what one sees."""
